/** The payment simulator as a process of its own, started from its environment. */
import { z } from 'zod'
import { startSimulator } from './server.ts'

const Environment = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(12_111),
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  /** Where browsers reach the 3-D Secure page, where that is not this machine. */
  SIMULATOR_PUBLIC_URL: z.url().optional(),
  SIMULATOR_SECRET_KEY: z
    .string()
    .regex(/^sk_test_\w+$/, 'must begin with sk_test_')
    .optional(),
  SIMULATOR_WEBHOOK_URL: z.url().optional(),
  /** One, or two while one is rotated out, comma-separated. */
  SIMULATOR_WEBHOOK_SECRET: z
    .string()
    .default('')
    .transform(text =>
      text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== ''),
    ),
  /** A SQLite file that keeps the state over a restart. */
  SIMULATOR_DATA: z.string().optional(),
})

const environment = Environment.safeParse(
  Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== '')),
)
if (!environment.success) {
  console.error(`The payment simulator cannot start:\n${z.prettifyError(environment.error)}`)
  process.exit(1)
}
const { data: set } = environment
if (set.SIMULATOR_WEBHOOK_URL !== undefined && set.SIMULATOR_WEBHOOK_SECRET.length === 0) {
  console.error('The payment simulator cannot start: SIMULATOR_WEBHOOK_URL needs a SIMULATOR_WEBHOOK_SECRET.')
  process.exit(1)
}

const simulator = await startSimulator({
  port: set.SIMULATOR_PORT,
  host: set.SIMULATOR_HOST,
  ...(set.SIMULATOR_PUBLIC_URL === undefined ? {} : { publicUrl: set.SIMULATOR_PUBLIC_URL }),
  ...(set.SIMULATOR_SECRET_KEY === undefined ? {} : { secretKey: set.SIMULATOR_SECRET_KEY }),
  ...(set.SIMULATOR_DATA === undefined ? {} : { file: set.SIMULATOR_DATA }),
  ...(set.SIMULATOR_WEBHOOK_URL === undefined
    ? {}
    : { webhook: { url: set.SIMULATOR_WEBHOOK_URL, secrets: set.SIMULATOR_WEBHOOK_SECRET } }),
}).catch((error: unknown) => {
  console.error(
    `The payment simulator cannot start: ${error instanceof Error ? error.message : String(error)}`,
  )
  process.exit(1)
})
console.log(`payment simulator ready on ${simulator.url}`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void simulator.close().then(() => process.exit(0)))
}
