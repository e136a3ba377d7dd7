/** The operators' door of the realtime tier. In a file of its own, so that fans never load Socket.IO. */
import { io } from 'socket.io-client'
import type { AdminStatus } from '../../shared/wire/messages.ts'

/** Answers how to stop. It comes back by itself after a cut, without haste. */
export function watchStatus(
  realtimeUrl: string,
  token: string,
  eventId: string,
  show: (status: AdminStatus) => void,
): () => void {
  const socket = io(`${realtimeUrl.replace(/^ws/, 'http')}/admin`, {
    transports: ['websocket'],
    auth: { token },
    reconnectionDelay: 1_000,
    reconnectionDelayMax: 10_000,
  })
  socket.on('connect', () => socket.emit('watch', { eventId }))
  socket.on('status', (status: AdminStatus) => {
    if (status.eventId === eventId) show(status)
  })
  return () => socket.disconnect()
}
