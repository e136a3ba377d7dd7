/** The operator's token: out of the address, kept for this tab alone, and what is said where it is refused. */
import { OnsaleError } from '../../client/http.ts'
import { kept, tab } from '../kept.ts'

const TOKEN = 'admin-token'

/** Takes the token out of the address, so that it stands in no history, screenshot or referrer. */
export function takeToken(): string | undefined {
  const given = /[#&]token=([^&]+)/.exec(location.hash)?.[1]
  if (given !== undefined) {
    tab.set(TOKEN, decoded(given))
    history.replaceState(null, '', location.pathname + location.search)
  }
  return kept(tab, TOKEN)
}

/** As it stands where it was never encoded. */
function decoded(given: string): string {
  try {
    return decodeURIComponent(given)
  } catch {
    return given
  }
}

export function keepToken(token: string): void {
  tab.set(TOKEN, token)
}

export function dropToken(): void {
  tab.remove(TOKEN)
}

export function isTokenRefused(error: unknown): error is OnsaleError {
  return error instanceof OnsaleError && error.code.startsWith('admin_')
}

/** By the refusal's code. */
export function refusalWords(code: string): string {
  switch (code) {
    case 'admin_expired':
      return 'This token has expired.'
    case 'admin_required':
      return 'A token is needed.'
    default:
      return 'This token is not the right one.'
  }
}
