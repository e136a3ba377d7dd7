/** The operators' pages: the token first, then the events on sale, then one event's console. */
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { useTitle } from '../page-states.tsx'
import { useLocation } from '../routes.ts'
import { Console } from './console.tsx'
import { Desk } from './desk.ts'
import { EventList } from './event-list.tsx'
import { SignIn } from './sign-in.tsx'
import { dropToken, keepToken, takeToken } from './token.ts'
import './console.css'

export function OperatorPage() {
  useTitle('Operator')
  const [token, setToken] = useState(takeToken)
  const [refusal, setRefusal] = useState<string>()
  const { query } = useLocation()
  const eventId = query['event']
  const desk = useMemo(() => (token === undefined ? undefined : new Desk(token)), [token])
  // A link with a token may be opened in a tab that already shows this page.
  useEffect(() => {
    const hash = () => setToken(takeToken())
    addEventListener('hashchange', hash)
    return () => removeEventListener('hashchange', hash)
  }, [])
  const refused = useCallback((code: string) => {
    dropToken()
    setRefusal(code)
    setToken(undefined)
  }, [])
  if (desk === undefined) {
    return (
      <SignIn
        refusal={refusal}
        enter={given => {
          keepToken(given)
          setRefusal(undefined)
          setToken(given)
        }}
      />
    )
  }
  if (eventId === undefined) return <EventList desk={desk} refused={refused} />
  return <Console key={eventId} desk={desk} eventId={eventId} refused={refused} />
}
