/** The operators' door of the realtime tier. In a file of its own, so that it loads after the page stands. */
import { io } from 'socket.io-client'
import { OnsaleError } from '../../client/http.ts'
import type { AdminHistory, AdminStatus } from '../../shared/wire/messages.ts'

export interface AdminEar {
  status(status: AdminStatus): void
  history(history: AdminHistory): void
  /** What the server refused: a token that is wrong or has ended, or too much haste. */
  refused(error: OnsaleError): void
}

const FIRST_DELAY_MS = 1_000
const LONGEST_DELAY_MS = 10_000

/** Answers how to stop. It comes back by itself after a cut, without haste. */
export function watchStatus(
  { realtimeUrl, token, eventId }: { realtimeUrl: string; token: string; eventId: string },
  ear: AdminEar,
): () => void {
  let again: ReturnType<typeof setTimeout> | undefined
  const socket = io(`${realtimeUrl.replace(/^ws/, 'http')}/admin`, {
    transports: ['websocket'],
    auth: { token },
    reconnectionDelay: FIRST_DELAY_MS,
    reconnectionDelayMax: LONGEST_DELAY_MS,
  })
  const comeBack = (afterMs: number) => {
    clearTimeout(again)
    again = setTimeout(() => socket.connect(), afterMs)
  }
  const refused = (problem: unknown) => ear.refused(new OnsaleError(0, asProblem(problem)))
  socket.on('connect', () => socket.emit('watch', { eventId }))
  socket.on('status', (status: AdminStatus) => {
    if (status.eventId === eventId) ear.status(status)
  })
  socket.on('history', (history: AdminHistory) => {
    if (history.eventId === eventId) ear.history(history)
  })
  socket.on('error', refused)
  socket.on('connect_error', (error: Error & { data?: unknown }) => {
    // A refusal at the door has a problem with it, and Socket.IO does not come back by itself.
    if (error.data === undefined) return
    refused(error.data)
    const { retryAfter } = asProblem(error.data)
    comeBack(typeof retryAfter === 'number' ? retryAfter * 1_000 : LONGEST_DELAY_MS)
  })
  socket.on('disconnect', reason => {
    if (reason === 'io server disconnect') comeBack(FIRST_DELAY_MS)
  })
  return () => {
    clearTimeout(again)
    socket.disconnect()
  }
}

function asProblem(problem: unknown): Record<string, unknown> {
  return typeof problem === 'object' && problem !== null ? { ...problem } : {}
}
