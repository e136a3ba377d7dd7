/**
 * What every group of routes stands on: the variables of a request, a router whose faults become problems, and
 * the words a route uses to tell OpenAPI what it may answer.
 */

import type { HttpBindings } from '@hono/node-server'
import { OpenAPIHono, z } from '@hono/zod-openapi'
import { PROBLEM_CODES, Problem, type ProblemCode } from '../shared/errors.ts'
import type { VisitorId } from '../shared/ids.ts'
import { defaultHook } from './middleware/problems.ts'

export interface AppEnv {
  /** Absent where a test calls `app.request` without them. */
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    /** Set behind requireSession; behind optionalSession only where a session came (see `visitorOf`). */
    visitorId: VisitorId
    /** Set behind requireAdmin: who acts. */
    operator: string
  }
}

export type Routes = OpenAPIHono<AppEnv>

/** Every group of routes begins with this: zod's faults become `invalid_request`, naming the field. */
export function newRoutes(): Routes {
  return new OpenAPIHono<AppEnv>({ defaultHook })
}

/** `security` of a route: `security: bySession`. */
export const bySession: Record<string, string[]>[] = [{ session: [] }]
export const byAdmin: Record<string, string[]>[] = [{ admin: [] }]

export const ProblemSchema = z
  .object({
    type: z.string().openapi({ example: '/problems/not_found' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES).openapi({ description: 'Stable; made for programs.' }),
    detail: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    retryAfter: z.number().optional().openapi({ description: 'Seconds; also sent as Retry-After.' }),
  })
  .catchall(z.unknown())
  .openapi('Problem', { description: 'RFC 9457 problem details.' })

interface ProblemAnswer {
  description: string
  content: { 'application/problem+json': { schema: typeof ProblemSchema } }
}

/** The problems a route may answer, by status, for `responses`: `...problems('event_not_found', 'hold_conflict')`. */
export function problems(...codes: ProblemCode[]): Record<number, ProblemAnswer> {
  const answers: Record<number, ProblemAnswer> = {}
  for (const code of codes) {
    const { status, title } = new Problem(code, '')
    const told = `${title} (\`${code}\`)`
    const before = answers[status]?.description
    answers[status] = {
      description: before === undefined ? told : `${before}; ${told}`,
      content: { 'application/problem+json': { schema: ProblemSchema } },
    }
  }
  return answers
}
