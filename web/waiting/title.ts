/** The tab's title calls a fan who looks elsewhere. */
import { useEffect } from 'preact/hooks'

const BEAT_MS = 1_000

/** Alternates with the page's own title until the fan has seen the page. */
export function useFlashingTitle(on: boolean, text: string): void {
  useEffect(() => {
    if (!on || (!document.hidden && document.hasFocus())) return
    const title = document.title
    let shown = false
    const timer = setInterval(() => {
      shown = !shown
      document.title = shown ? text : title
    }, BEAT_MS)
    const seen = () => {
      clearInterval(timer)
      document.title = title
    }
    addEventListener('focus', seen, { once: true })
    return () => {
      removeEventListener('focus', seen)
      seen()
    }
  }, [on, text])
}
