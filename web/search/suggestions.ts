/** What is offered for what is being typed: asked after a pause, given up as soon as the next letter overtakes it. */
import { useEffect, useState } from 'preact/hooks'
import type { Suggestion } from '../../client/events.ts'
import { useShop } from '../shop.ts'

/** A pause in typing. */
const TYPED_MS = 120

export type { Suggestion } from '../../client/events.ts'

/** Undefined text: nothing is offered. What was offered before stays until there is an answer. */
export function useSuggestions(text: string | undefined): readonly Suggestion[] {
  const shop = useShop()
  const [found, setFound] = useState<readonly Suggestion[]>([])
  const asked = text?.trim() ?? ''
  useEffect(() => {
    if (asked === '') {
      setFound([])
      return
    }
    const overtaken = new AbortController()
    const timer = setTimeout(() => {
      shop.onsale.events.suggest(asked, overtaken.signal).then(
        suggestions => !overtaken.signal.aborted && setFound(suggestions),
        // The search itself tells what does not work.
        () => !overtaken.signal.aborted && setFound([]),
      )
    }, TYPED_MS)
    return () => {
      clearTimeout(timer)
      overtaken.abort()
    }
  }, [shop, asked])
  return found
}
