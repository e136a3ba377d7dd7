/** What a page shows when it has nothing to show yet, nothing at all, or something went wrong; and what a failure is called. */
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { OnsaleError } from '../client/http.ts'

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === '' ? 'Onsale' : `${title} · Onsale`
  }, [title])
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="page loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what} …
    </div>
  )
}

export function Problem({
  title,
  error,
  retry,
  children,
}: {
  title: string
  error?: unknown
  retry?: () => void
  children?: ComponentChildren
}) {
  return (
    <div class="page empty" role="alert">
      <h1>{title}</h1>
      {error !== undefined && <p>{told(error)}</p>}
      {children}
      <p class="actions">
        {retry !== undefined && (
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        )}
        <a class="button quiet" href="/">
          All events
        </a>
      </p>
    </div>
  )
}

export function NotFound() {
  useTitle('Not found')
  return (
    <Problem title="There is nothing here">
      <p>The address may be mistyped, or what stood here is over.</p>
    </Problem>
  )
}

/** What a fan can do about it, where there is something to do; the server's own words otherwise. */
export function told(error: unknown): string {
  if (!(error instanceof OnsaleError)) return 'Something went wrong on this page.'
  const again = error.retryAfter === undefined ? 'in a moment' : `in ${Math.ceil(error.retryAfter)} s`
  switch (error.code) {
    case 'unreachable':
      return 'The server cannot be reached. Check your network; what you hold is kept.'
    case 'too_many_requests':
      return `That was too often. Try again ${again}.`
    case 'internal':
      return `Something went wrong at our end. Try again ${again}.`
    case 'recovering':
      return `Seats are being restored after a fault. Try again ${again}.`
    default:
      return error.status === 503 ? `${error.message} Try again ${again}.` : error.message
  }
}
