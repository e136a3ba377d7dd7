/**
 * The environment, read once and checked whole: every fault is told at once, by the variable's name.
 * The switch between the embedded default and production is made here and nowhere else.
 */
import { createPrivateKey, hkdfSync } from 'node:crypto'
import { hostname } from 'node:os'
import { z } from 'zod'
import { isPaymentMethod, PAYMENT_METHODS } from './payment-methods.ts'

/** 0 is any free one, for tests. */
const port = (fallback: number) =>
  z
    .string()
    .default(String(fallback))
    .refine(text => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, {
      error: ({ input }) => `must be a port number, 1 to 65535; got ${String(input).slice(0, 20)}`,
    })
    .transform(Number)
const whole = (fallback: number, least: number, most: number) =>
  z.coerce.number().int().min(least).max(most).default(fallback)
const list = z
  .string()
  .default('')
  .transform(text =>
    text
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform(value => value === '1' || value === 'true')

const Environment = z.object({
  /** postgres://... */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres://'),
  /** redis://... or rediss://... */
  REDIS_URL: z.string().regex(/^rediss?:\/\//, 'must begin with redis://'),
  /** At least 32 characters; session tokens, receipts and places are keyed from it. The same on every node. */
  ONSALE_SECRET: z.string().min(32, 'must have at least 32 characters'),
  /** Ed25519 private key, PKCS #8 DER in base64: signs passes. The same on every node. */
  PASS_PRIVATE_KEY: z.string().refine(areEd25519, 'must be an Ed25519 key as base64 of PKCS #8 DER'),
  ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters'),
  HTTP_PORT: port(3000),
  REALTIME_PORT: port(3001),
  WORKER_PORT: port(3002),
  /** The address to listen on. */
  HOST: z.string().default('0.0.0.0'),
  /** Where fans reach each tier, for links and for the pages. */
  HTTP_PUBLIC_URL: z.url().default('http://localhost:3000'),
  REALTIME_PUBLIC_URL: z.url().default('ws://localhost:3001'),
  /** Other sites whose pages may call us, comma-separated origins; HTTP_PUBLIC_URL's own always may. */
  ALLOWED_ORIGINS: list,
  /** How many proxies in front of us append to X-Forwarded-For; 0 takes the socket's address. */
  TRUSTED_PROXIES: whole(0, 0, 10),
  /** The built pages. Unset: no pages are served. */
  WEB_ROOT: z.string().optional(),
  /** In front of every Redis key and channel: several Onsales can share one Redis. */
  KEY_PREFIX: z
    .string()
    .regex(/^[a-z0-9:_-]{0,40}$/i, 'may hold letters, digits, : _ -')
    .default('onsale:'),
  HOLD_SECONDS: whole(600, 1, 86_400),
  MAX_TICKETS_PER_BOOKING: whole(8, 1, 64),
  /** Held and bought together, of one event: by a visitor, by a user of your own, and of one price category. */
  MAX_TICKETS_PER_VISITOR: whole(40, 1, 100_000),
  MAX_TICKETS_PER_USER: whole(40, 1, 100_000),
  MAX_TICKETS_PER_CATEGORY: whole(100_000, 1, 100_000),
  /** A hold may be renewed until so long after it was taken, the time to pay included. */
  HOLD_HARD_LIMIT_SECONDS: whole(1_800, 1, 86_400),
  /** What a visitor may hold of an event within two hours without buying, all bookings together. */
  HOLD_BUDGET_SECONDS: whole(5_400, 1, 1_000_000_000),
  /** Seats chosen by hand that leave a lone one: nothing, a word on the page, or a refusal by the server too. */
  ORPHAN_RULE: z.enum(['off', 'warn', 'refuse']).default('warn'),
  /** Calls a minute from one network. The defaults let 5,000 people behind one address in. */
  SESSIONS_PER_MINUTE: whole(6_000, 1, 10_000_000),
  SEARCHES_PER_MINUTE: whole(6_000, 1, 10_000_000),
  BOOKINGS_PER_MINUTE: whole(1_200, 1, 10_000_000),
  /** Over HTTP; a socket has a limit of its own. */
  JOINS_PER_MINUTE: whole(12_000, 1, 10_000_000),
  /** Without it nothing can be paid; with it, the two others are needed. */
  STRIPE_SECRET_KEY: z.string().optional(),
  STRIPE_PUBLISHABLE_KEY: z.string().optional(),
  /** One, or two while one is rotated out, comma-separated. */
  STRIPE_WEBHOOK_SECRET: list,
  /** Another host that speaks Stripe's API, such as the payment simulator. Unset: Stripe itself. */
  STRIPE_API_BASE: z.url().optional(),
  /** Payments a second that are put to Stripe, all nodes together; the rest wait in line. Stripe takes 25 calls a second of an endpoint, and four times as many of an account. */
  STRIPE_RPS: whole(20, 1, 10_000),
  /** How fans may pay, by Stripe's names, comma-separated: of those that seats can be sold by. */
  PAYMENT_METHODS: list.transform((names, context) => {
    const foreign = names.find(name => !isPaymentMethod(name))
    if (foreign !== undefined)
      context.addIssue(
        `may hold ${PAYMENT_METHODS.join(', ')}; not ${foreign.slice(0, 40)}: seats are not held for what is paid in days`,
      )
    return names.length === 0 ? ['card' as const] : names.filter(isPaymentMethod)
  }),
  /** How long events of Stripe's, jobs that were given up and admissions of past events are kept. Stripe repeats itself for days. */
  KEEP_DAYS: whole(90, 7, 3_650),
  /** Tells our payments from another installation's in one Stripe account. */
  INSTANCE: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('onsale'),
  /** http://... or https://..., with a user and a password where it asks for them. Unset: Postgres answers searches. */
  ELASTICSEARCH_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL with http:// or https://' })
    .optional(),
  /** smtp:// or smtps://, with user and password where it asks for them: buyers are sent their tickets. Unset: nobody is. */
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/./, 'must begin with smtp:// or smtps://')
    .optional(),
  /** Who these mails are from: an address, or `Name <address>`. */
  MAIL_FROM: z
    .string()
    .max(300)
    .regex(/^[^\p{Cc}]*@[^\p{Cc}]*$/u, 'must be a mail address')
    .default('Onsale <tickets@localhost>'),
  /** Instead of a mail server, for trying: a folder that mails are written into. */
  MAIL_FOLDER: z.string().optional(),
  /** Fans may return tickets themselves until so many hours before the event begins; unset: only operators return them. */
  FAN_RETURNS_UNTIL_HOURS: z.coerce.number().min(0).max(8_760).optional(),
  /** Whether a ticket whose payment its buyer disputes at the bank lets anybody in; either way the scan says so. */
  SCAN_DISPUTED: z.enum(['admit', 'refuse']).default('admit'),
  /** Users' tokens of an OpenID provider: who issues them, for whom, and where its keys are. All three, or none. */
  OIDC_ISSUER: z.string().max(500).optional(),
  OIDC_AUDIENCE: z.string().max(500).optional(),
  OIDC_JWKS_URL: z.url({ protocol: /^https?$/, error: 'must be a URL with http:// or https://' }).optional(),
  /** What telling those who wait where they stand may take of a realtime node's thread. */
  TICK_SHARE_PERCENT: whole(25, 1, 90),
  MAX_SOCKETS: whole(100_000, 1, 1_000_000),
  /** Open on one node at once, of one session and of one network: a stadium's crowd may share an address. */
  SOCKETS_PER_SESSION: whole(10, 1, 100_000),
  SOCKETS_PER_NETWORK: whole(20_000, 1, 1_000_000),
  /** Handshakes of one node: past them it tells newcomers to come again, and serves those it has. */
  ACCEPTS_PER_SECOND: whole(5_000, 1, 1_000_000),
  NODE_NAME: z.string().default(`${hostname()}-${process.pid}`),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Set by `npm start`: the pages may say that no real money moves. */
  DEMO: flag,
})

export interface Config extends z.infer<typeof Environment> {
  /** Keys derived from ONSALE_SECRET, one per purpose, 32 bytes each. */
  keys: { session: Buffer; receipt: Buffer; place: Buffer }
  /** Signs operators' tokens, with ADMIN_TOKEN. */
  adminKey: Buffer
  /** Makes a user's visitor id. */
  userKey: Buffer
  /** Makes links that open a booking's tickets. */
  ticketKey: Buffer
}

export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Empty variables count as unset. Throws a ConfigError that names every faulty variable. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const read = parsed(Environment, environment)
  const key = (purpose: string) => derived(read.ONSALE_SECRET, purpose)
  const keys = { session: key('session'), receipt: key('receipt'), place: key('place') }
  return { ...read, keys, adminKey: key('admin'), userKey: key('user'), ticketKey: key('ticket') }
}

/** What making an operator's token needs of it, and where the console is. */
export function readAdminKeys(
  environment: NodeJS.ProcessEnv = process.env,
): Pick<Config, 'ADMIN_TOKEN' | 'adminKey' | 'HTTP_PUBLIC_URL'> {
  const needed = Environment.pick({ ADMIN_TOKEN: true, ONSALE_SECRET: true, HTTP_PUBLIC_URL: true })
  const { ONSALE_SECRET, ...read } = parsed(needed, environment)
  return { ...read, adminKey: derived(ONSALE_SECRET, 'admin') }
}

/** What an audit needs of it: where the stores and Stripe are, and no key of ours. */
export function readAuditConfig(environment: NodeJS.ProcessEnv = process.env) {
  const needed = Environment.pick({
    DATABASE_URL: true,
    REDIS_URL: true,
    KEY_PREFIX: true,
    STRIPE_SECRET_KEY: true,
    STRIPE_API_BASE: true,
    STRIPE_RPS: true,
    INSTANCE: true,
  })
  return parsed(needed, environment)
}

/** Who takes the money: Stripe, the payment simulator, or nobody. */
export type Payments = 'stripe' | 'simulator' | 'none'

export function paymentsOf(config: Pick<Config, 'STRIPE_SECRET_KEY' | 'STRIPE_PUBLISHABLE_KEY'>): Payments {
  if (config.STRIPE_SECRET_KEY === undefined) return 'none'
  return config.STRIPE_PUBLISHABLE_KEY === undefined ? 'simulator' : 'stripe'
}

/** For the log of a process that starts without. */
export const NO_PAYMENTS =
  'nothing can be paid: neither the keys of Stripe (STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY, STRIPE_WEBHOOK_SECRET) nor the payment simulator are set up'

function parsed<Form extends z.ZodObject>(form: Form, environment: NodeJS.ProcessEnv): z.infer<Form> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const read = form.safeParse(set)
  const issues = read.error?.issues ?? []
  const faults = issues.map(issue => `${issue.path.join('.')}: ${told(issue)}`)
  if (form.shape['STRIPE_SECRET_KEY'] !== undefined) faults.push(...stripeFaults(set), ...together(OIDC, set))
  if (read.success && faults.length === 0) return read.data
  const [only = '', ...more] = faults
  throw new ConfigError(
    more.length === 0
      ? `${only}.`
      : `the environment is not usable:\n${faults.map(fault => `  ${fault}`).join('\n')}`,
  )
}

const OIDC = ['OIDC_ISSUER', 'OIDC_AUDIENCE', 'OIDC_JWKS_URL']

/** Stripe's keys come together: half of them would take a fan as far as the payment, or lose Stripe's word of it. */
function stripeFaults(set: NodeJS.ProcessEnv): string[] {
  // The simulator has a form of its own, which needs no publishable key.
  const needed = ['STRIPE_SECRET_KEY', 'STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'].filter(
    name => name !== 'STRIPE_PUBLISHABLE_KEY' || set['STRIPE_API_BASE'] === undefined,
  )
  // A webhook's secret alone takes nobody's money: `npm start` keeps one for its simulator.
  if (needed.every(name => name === 'STRIPE_WEBHOOK_SECRET' || !set[name])) return []
  return together(needed, set)
}

/** In one line what is missing beside what is set. */
function together(needed: string[], set: NodeJS.ProcessEnv): string[] {
  const [given, missing] = [needed.filter(name => set[name]), needed.filter(name => !set[name])]
  if (given.length === 0 || missing.length === 0) return []
  const many = missing.length > 1
  return [
    `${missing.join(', ')}: ${many ? 'are' : 'is'} not set, and belong${many ? '' : 's'} to ${given.join(', ')}`,
  ]
}

/** One or several, comma-separated. */
function areEd25519(keys: string): boolean {
  try {
    return keys.split(',').every(key => {
      const read = createPrivateKey({ key: Buffer.from(key.trim(), 'base64'), format: 'der', type: 'pkcs8' })
      return read.asymmetricKeyType === 'ed25519'
    })
  } catch {
    return false
  }
}

function derived(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'onsale', purpose, 32))
}

function told(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_type' && /undefined/.test(issue.message) ? 'is not set' : issue.message
}
