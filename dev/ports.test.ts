/** Which ports are taken. */
import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { choosePorts, PortTaken } from './ports.ts'

let server: Server | undefined
afterEach(() => server?.close())

async function busyPort(): Promise<number> {
  const busy = createServer()
  server = busy
  await new Promise<void>(resolve => busy.listen(0, resolve))
  const address = busy.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

test('[R81] a taken port that was asked for is refused by its variable', async () => {
  const port = await busyPort()
  const asked = choosePorts({ REALTIME_PORT: String(port) }, 'usual')
  await expect(asked).rejects.toThrow(PortTaken)
  await expect(asked).rejects.toThrow(`Port ${port} (REALTIME_PORT) is taken`)
})

test('[R81] ports that nobody asked for are moved past what is taken, each its own', async () => {
  for (const kind of ['usual', 'free'] as const) {
    const ports = Object.values(await choosePorts({}, kind))
    expect(new Set(ports).size).toBe(6)
  }
})
