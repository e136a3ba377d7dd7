/** Socket.IO as it comes, on its default engine `ws`: one room, one emit a frame. Prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { hearChanges } from './heard-changes.ts'

const ROOM = 'seats'
const server = createServer()
const io = new Server(server, { transports: ['websocket'], serveClient: false })
io.on('connection', socket => void socket.join(ROOM))
await hearChanges(frame => void io.to(ROOM).emit('diff', frame))
server.listen(0, '127.0.0.1', () => console.log('port', (server.address() as AddressInfo).port))
