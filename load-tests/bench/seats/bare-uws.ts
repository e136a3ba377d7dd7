/** The least that telling everybody can cost, as a process of its own: uWebSockets.js alone, one topic. Prints its port. */
import uWS from 'uWebSockets.js'
import { hearChanges } from './heard-changes.ts'

const TOPIC = 'seats'
const app = uWS.App()
app.ws('/ws', {
  idleTimeout: 32,
  sendPingsAutomatically: true,
  upgrade: (res, req, context) =>
    res.upgrade(
      {},
      req.getHeader('sec-websocket-key'),
      req.getHeader('sec-websocket-protocol'),
      req.getHeader('sec-websocket-extensions'),
      context,
    ),
  open: ws => void ws.subscribe(TOPIC),
})
await hearChanges(frame => void app.publish(TOPIC, frame, true))
app.listen('127.0.0.1', 0, socket => {
  if (socket === false) throw new Error('no port to listen on')
  console.log('port', uWS.us_socket_local_port(socket))
})
