/** What happens by itself and when: kept in the store, so it also happens after a restart. */
import type { Account } from './account.ts'
import type { Deadline } from './store.ts'

type Kind = Deadline['kind']

export function setDeadline(account: Account, kind: Kind, id: string, inMs: number): void {
  account.store.deadlines.put(`${kind} ${id}`, { kind, id, at: account.clock.now() + inMs })
}

export function cancelDeadline(account: Account, kind: Kind, id: string): void {
  account.store.deadlines.delete(`${kind} ${id}`)
}

/** Runs what is due, in order; each handler cancels its own deadline. */
export function runDeadlines(
  account: Account,
  handlers: Record<Kind, (account: Account, id: string) => void>,
): void {
  const now = account.clock.now()
  const due: Deadline[] = []
  for (const deadline of account.store.deadlines.values()) if (deadline.at <= now) due.push(deadline)
  for (const { kind, id } of due.sort((a, b) => a.at - b.at)) {
    cancelDeadline(account, kind, id)
    handlers[kind](account, id)
  }
}
