/** What a browser does by itself when it opens another page, and a page made by a program must do: the focus goes to its heading. */
import { useEffect, useRef } from 'preact/hooks'

/** A heading that takes longer has lost the fan's attention anyway. */
const PATIENCE_MS = 10_000
/** What the server has written for the address that was opened first (http/page-heads.ts). */
const HEAD_OF_FIRST = 'link[rel="canonical"], meta[property^="og:"], script[type="application/ld+json"]'

/** At each change of path, not at the first: readers then say the heading, and the keyboard goes on from there. */
export function useArrival(path: string): void {
  const first = useRef(path)
  useEffect(() => {
    if (path === first.current) return
    first.current = ''
    scrollTo(0, 0)
    // Who shares the page from the browser's menu shares the canonical address.
    for (const element of document.head.querySelectorAll(HEAD_OF_FIRST)) element.remove()
    return onHeading(heading => {
      heading.tabIndex = -1
      heading.focus({ preventScroll: true })
    })
  }, [path])
}

/** Calls back once, now or when the page has loaded so far. Answers how to give up. */
function onHeading(run: (heading: HTMLElement) => void): () => void {
  const main = document.getElementById('main')
  const look = () => {
    const heading = main?.querySelector('h1')
    if (heading === null || heading === undefined) return false
    stop()
    // Whoever is writing already is not called away.
    if (!main?.querySelector('input:focus, select:focus, textarea:focus')) run(heading)
    return true
  }
  const observer = new MutationObserver(look)
  const timer = setTimeout(() => stop(), PATIENCE_MS)
  const stop = () => {
    observer.disconnect()
    clearTimeout(timer)
  }
  if (!look() && main !== null) observer.observe(main, { childList: true, subtree: true })
  return stop
}
