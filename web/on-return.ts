/** A tab that was out of sight shows what was true when it was left. */
import { useEffect } from 'preact/hooks'

/** Calls back whenever the fan comes back to this tab. */
export function useOnReturn(run: () => void): void {
  useEffect(() => {
    const seen = () => {
      if (!document.hidden) run()
    }
    addEventListener('focus', seen)
    document.addEventListener('visibilitychange', seen)
    return () => {
      removeEventListener('focus', seen)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [run])
}
