/** Which port each part listens on: the one that was asked for or none, else the usual one, moved past where it is taken. */
import getPort, { portNumbers } from 'get-port'
import { Cure } from './cure.mjs'

/** The variable that sets each part's port, and the port that is tried first. */
const USUAL = {
  http: ['HTTP_PORT', 3000],
  realtime: ['REALTIME_PORT', 3001],
  worker: ['WORKER_PORT', 3002],
  simulator: ['SIMULATOR_PORT', 3003],
  postgres: ['ONSALE_POSTGRES_PORT', 15432],
  redis: ['ONSALE_REDIS_PORT', 16379],
} as const satisfies Record<string, readonly [string, number]>

/** How far past the usual port a free one is looked for. */
const REACH = 200

export type Ports = Record<keyof typeof USUAL, number>

/** A port that was asked for is taken. */
export class PortTaken extends Cure {}

/**
 * @param ports `free`: any, for tests; `usual`: the same at each start, where they can be had
 * @throws {PortTaken}
 */
export async function choosePorts(
  env: Record<string, string | undefined>,
  ports: 'free' | 'usual',
): Promise<Ports> {
  const taken = new Set<number>()
  const choose = async (part: keyof typeof USUAL): Promise<number> => {
    const [variable, usual] = USUAL[part]
    const asked = Number(env[variable] ?? '')
    const wish = asked ? [asked] : ports === 'free' ? [] : portNumbers(usual, usual + REACH)
    const port = await getPort({ port: wish, exclude: taken })
    if (asked && port !== asked) {
      throw new PortTaken(
        `Port ${asked} (${variable}) is taken by another program.\nCure: end that program, or set ${variable} to another port.`,
      )
    }
    taken.add(port)
    return port
  }
  return {
    http: await choose('http'),
    realtime: await choose('realtime'),
    worker: await choose('worker'),
    simulator: await choose('simulator'),
    postgres: await choose('postgres'),
    redis: await choose('redis'),
  }
}
