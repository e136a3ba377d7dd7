/** What the browser keeps for us: for ever (local) or for this tab (session). A browser that refuses keeps nothing. */

export interface Keeper {
  get(name: string): string | undefined
  set(name: string, value: string): void
  remove(name: string): void
}

const PREFIX = 'onsale:'

function keeper(storage: () => Storage): Keeper {
  return {
    get: name => attempt(() => storage().getItem(PREFIX + name)) ?? undefined,
    set: (name, value) => attempt(() => storage().setItem(PREFIX + name, value)),
    remove: name => attempt(() => storage().removeItem(PREFIX + name)),
  }
}

/** Private windows and blocked cookies throw even at a look. */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch {
    return undefined
  }
}

export const local = keeper(() => localStorage)
export const tab = keeper(() => sessionStorage)

export function kept(from: Keeper, name: string): string | undefined {
  return from.get(name) || undefined
}
