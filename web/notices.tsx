/** Short words on what has just happened, shown above the page and read aloud. */
import { useEffect, useState } from 'preact/hooks'
import { CloseIcon } from './icons.tsx'

export type Tone = 'info' | 'good' | 'bad'

interface Notice {
  id: number
  text: string
  tone: Tone
}

/** Time to read it; what went wrong stays longer. */
const SHOWN_MS = { info: 6_000, good: 6_000, bad: 12_000 }
const MOST = 3

let notices: readonly Notice[] = []
let last = 0
let listener: ((notices: readonly Notice[]) => void) | undefined

export function notify(text: string, tone: Tone = 'info'): void {
  // Saying the same twice helps nobody: it begins anew.
  const others = notices.filter(notice => notice.text !== text).slice(1 - MOST)
  const id = ++last
  change([...others, { id, text, tone }])
  setTimeout(() => dismiss(id), SHOWN_MS[tone])
}

function dismiss(id: number): void {
  change(notices.filter(notice => notice.id !== id))
}

function change(next: readonly Notice[]): void {
  notices = next
  listener?.(next)
}

export function Notices() {
  const [shown, show] = useState(notices)
  useEffect(() => {
    listener = show
    show(notices)
    return () => {
      listener = undefined
    }
  }, [])
  return (
    <div class="notices" role="status" aria-live="polite">
      {shown.map(({ id, text, tone }) => (
        <p key={id} class={`notice ${tone}`} data-testid="notice">
          <span>{text}</span>
          <button type="button" class="bare" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <CloseIcon />
          </button>
        </p>
      ))}
    </div>
  )
}
