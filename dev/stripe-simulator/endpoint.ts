/** One endpoint of the API: its parameters, the PaymentIntent it locks, and what it does. Nouns declare theirs in their own files. */
import type { z } from 'zod'
import type { Account } from './account.ts'
import type { Origin } from './events.ts'
import type { FormObject } from './form-encoding.ts'
import { readParameters } from './parameters.ts'

export interface Endpoint {
  method: 'GET' | 'POST'
  /** `:id` stands for the object's id. */
  path: string
  /** Whether a page may call it with the publishable key, from any site, as Stripe.js does. */
  publishable: boolean
  /** Reads the parameters; throws a Refusal where they are faulty. */
  prepare(form: FormObject, id: string): PreparedCall
}

export interface PreparedCall {
  /** The PaymentIntent that nobody else may change meanwhile. */
  locks: string | undefined
  expand: string[]
  /** Takes effect at once, without waiting for anything; throws a Refusal, perhaps after an effect (a decline). */
  run(account: Account, origin: Origin): object
}

interface EndpointOptions<Schema extends z.ZodType> {
  method: 'GET' | 'POST'
  path: string
  publishable?: boolean
  parameters: Schema
  locks?: (parameters: z.output<Schema>, id: string) => string | undefined
  run: (call: { account: Account; parameters: z.output<Schema>; id: string; origin: Origin }) => object
}

/** `expand` is taken out of the parameters where the schema has it. */
export function endpoint<Schema extends z.ZodType>(options: EndpointOptions<Schema>): Endpoint {
  return {
    method: options.method,
    path: options.path,
    publishable: options.publishable ?? false,
    prepare(form, id) {
      const parameters = readParameters(options.parameters, form)
      return {
        locks: options.locks?.(parameters, id),
        expand: expandOf(parameters),
        run: (account, origin) => options.run({ account, parameters, id, origin }),
      }
    },
  }
}

function expandOf(parameters: unknown): string[] {
  const isObject = typeof parameters === 'object' && parameters !== null
  if (!isObject || !('expand' in parameters) || !Array.isArray(parameters.expand)) return []
  return parameters.expand.map(String)
}
