/** What /readyz of every process answers: 200 `{"status":"ready"}`, or the problem `unavailable` that names what is away. */
import { Problem } from './errors.ts'

export const READY = { status: 'ready' } as const

/** `away`: what cannot be reached or does not go on, in words. */
export function notReady(away: string[]): Problem {
  return new Problem('unavailable', `Not ready: ${away.join(' and ')}.`, { members: { away } })
}
