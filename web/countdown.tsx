/** Time that is left, by the server's clock: seen every second, spoken a few times. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { digits, secondsLeft, spoken } from './format/durations.ts'
import { useShop } from './shop.ts'

const URGENT_SECONDS = 60

/** Whole seconds until then, shown anew as they pass. `ended` is called once. */
export function useSecondsLeft(until: number, ended?: () => void): number {
  const shop = useShop()
  const [left, setLeft] = useState(() => secondsLeft(until, shop.now()))
  const end = useRef(ended)
  end.current = ended
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const beat = () => {
      const rest = until - shop.now()
      const seconds = secondsLeft(until, shop.now())
      setLeft(seconds)
      if (seconds === 0) end.current?.()
      // At the moment the shown number changes, and not by a beat of our own that drifts from it.
      else timer = setTimeout(beat, (rest % 1_000 || 1_000) + 5)
    }
    beat()
    return () => clearTimeout(timer)
  }, [until, shop])
  return left
}

export function Countdown({ until, label, ended }: { until: number; label: string; ended?: () => void }) {
  const left = useSecondsLeft(until, ended)
  const before = useRef(left)
  const [words, setWords] = useState('')
  useEffect(() => {
    const said = spoken(before.current, left)
    before.current = left
    if (said !== undefined) setWords(said)
  }, [left])
  return (
    <span class={`countdown ${left <= URGENT_SECONDS ? 'urgent' : ''}`}>
      <span role="timer" aria-label={label} data-testid="countdown">
        {digits(left)}
      </span>
      <span class="visually-hidden" aria-live="polite">
        {words}
      </span>
    </span>
  )
}
