/**
 * The least that telling n sockets the same can cost, as a process of its own (fork it): uWebSockets.js alone, one topic, a frame of
 * so many bytes every second.
 */
import uWS from 'uWebSockets.js'

export type ToPublisher = { bytes: number }
export type FromPublisher = { told: 'listening'; port: number }

const TOPIC = 'all'
const app = uWS.App()
app.ws('/ws', {
  idleTimeout: 32,
  sendPingsAutomatically: true,
  upgrade: (res, req, context) =>
    res.upgrade(
      {},
      req.getHeader('sec-websocket-key'),
      'onsale.v1',
      req.getHeader('sec-websocket-extensions'),
      context,
    ),
  open: ws => void ws.subscribe(TOPIC),
})
let beat: NodeJS.Timeout | undefined
process.on('disconnect', () => process.exit(0))
process.on('message', ({ bytes }: ToPublisher) => {
  clearInterval(beat)
  const frame = new Uint8Array(bytes).fill(7)
  beat = setInterval(() => app.publish(TOPIC, frame, true), 1_000)
})
app.listen('127.0.0.1', 0, socket => {
  if (socket === false) throw new Error('no port to listen on')
  process.send?.({ told: 'listening', port: uWS.us_socket_local_port(socket) } satisfies FromPublisher)
})
