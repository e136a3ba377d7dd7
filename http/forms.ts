/** What is sent often and never changes is compressed once, in the thread pool, and kept in the forms callers take. */
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { parseAccept } from 'hono/utils/accept'

export type Bytes = Uint8Array<ArrayBuffer>
export type Form = 'br' | 'gzip' | 'identity'
export type Forms = Record<Form, Bytes>

/** A stadium's map takes 0.1 s; quality 11 would take 5 s for a tenth less. */
const BROTLI_QUALITY = 5

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

export async function formsOf(identity: Bytes): Promise<Forms> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY }
  const [br, gzipped] = await Promise.all([brotli(identity, { params }), zip(identity)])
  return { br: new Uint8Array(br), gzip: new Uint8Array(gzipped), identity }
}

/** The smallest form that an Accept-Encoding header takes. */
export function formFor(header: string | undefined): Form {
  if (header === undefined) return 'identity'
  const taken = parseAccept(header)
  const takes = (form: Form) => (taken.find(({ type }) => type.toLowerCase() === form)?.q ?? 0) > 0
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : 'identity'
}
