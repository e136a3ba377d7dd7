/** Structured logs, one JSON object a line. What could be a secret or a person's is cut before it is written. */
import pino from 'pino'

export type Log = pino.Logger

const SECRETS = [
  'token',
  'pass',
  'authorization',
  'cookie',
  'email',
  'buyer',
  'client_secret',
  'clientSecret',
  'password',
  'DATABASE_URL',
  'REDIS_URL',
]

export function makeLog(name: string, level: string): Log {
  return pino({
    name,
    level,
    redact: { paths: SECRETS.flatMap(key => [key, `*.${key}`, `*.*.${key}`]), censor: '[cut]' },
    serializers: { err: fault },
  })
}

/** Errors of drivers carry whole commands and configurations; we keep what helps. */
function fault(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    message: error.message.replace(/\/\/[^@/\s]*@/g, '//[cut]@'),
    code,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: fault(error.cause) }),
  }
}
