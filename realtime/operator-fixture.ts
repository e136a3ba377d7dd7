/** An operator for a test, who remembers all that the desk said. */
import { io, type Socket } from 'socket.io-client'
import type { AdminHistory, AdminStatus } from '../shared/wire/messages.ts'

export interface OperatorSeat {
  socket: Socket
  statuses: AdminStatus[]
  histories: AdminHistory[]
  errors: { code: string; detail: string; eventId?: string }[]
}

export function operatorAt(port: number, token: string): OperatorSeat {
  const socket = io(`http://127.0.0.1:${port}/admin`, {
    transports: ['websocket'],
    forceNew: true,
    auth: { token },
    reconnectionDelay: 200,
  })
  const seat: OperatorSeat = { socket, statuses: [], histories: [], errors: [] }
  socket.on('status', (one: AdminStatus) => seat.statuses.push(one))
  socket.on('history', (one: AdminHistory) => seat.histories.push(one))
  socket.on('error', (one: OperatorSeat['errors'][number]) => seat.errors.push(one))
  return seat
}

/** What a refused operator is told. */
export function refusedAt(port: number, token: string): Promise<{ code: string; retryAfter?: number }> {
  return new Promise(resolve => {
    const { socket } = operatorAt(port, token)
    socket.on('connect_error', error => {
      socket.disconnect()
      resolve((error as Error & { data: { code: string; retryAfter?: number } }).data)
    })
  })
}
