/**
 * /openapi.json, and /docs: the same document as one page for people. It is made here, of plain HTML, so that it needs
 * neither scripts nor another site, and a strict content policy may stand.
 */
import { z } from '@hono/zod-openapi'
import { html } from 'hono/html'
import type { Config } from '../shared/config.ts'
import type { Routes } from './routing.ts'

type Document = ReturnType<Routes['getOpenAPI31Document']>

const INFO = {
  title: 'Onsale',
  version: '1',
  description:
    'Real-time seat maps and a fair virtual waiting room for ticket on-sales. Errors are RFC 9457 problems with a stable ' +
    '`code`; money is a whole number of minor units; times are RFC 3339 in UTC; a 429 or 503 carries Retry-After. A ' +
    'hold may carry an Idempotency-Key; what else changes a booking may be sent again, and never charges or sells twice.',
}

/** What /docs shows of a document; whatever else stands in it is left out. */
const Shown = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})
const Operation = z.object({
  summary: z.string().default(''),
  description: z.string().default(''),
  tags: z.array(z.string()).default(['Other']),
  security: z.array(z.record(z.string(), z.unknown())).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().optional(),
        schema: z.looseObject({ description: z.string().optional() }).default({}),
      }),
    )
    .default([]),
  requestBody: z.object({ content: z.record(z.string(), z.unknown()) }).optional(),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: z.record(z.string(), z.unknown()).optional() }),
  ),
})
type Operation = z.infer<typeof Operation>

export function serveDocs(app: Routes, config: Config): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'http',
    scheme: 'bearer',
    description: 'The token of POST /sessions.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'admin', {
    type: 'http',
    scheme: 'bearer',
    description: 'The ADMIN_TOKEN of the installation, or a named token that ends: `npm run admin:token`.',
  })
  // Routes are all known when somebody asks first.
  let text: string | undefined
  let page: string | undefined
  const document = () =>
    app.getOpenAPI31Document({ openapi: '3.1.0', info: INFO, servers: [{ url: config.HTTP_PUBLIC_URL }] })
  app.get('/openapi.json', c => {
    text ??= JSON.stringify(document())
    c.header('Cache-Control', 'public, max-age=60')
    return c.body(text, 200, { 'Content-Type': 'application/json' })
  })
  app.get('/docs', c => {
    page ??= String(pageOf(document()))
    c.header('Cache-Control', 'public, max-age=60')
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    return c.html(page)
  })
}

function pageOf(document: Document) {
  const { paths, components } = Shown.parse(document)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: `${method}${path}`.replace(/[^a-z]+/gi, '-'),
      method: method.toUpperCase(),
      path,
      operation: Operation.parse(operation),
    })),
  )
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))]
  const schemas = Object.entries(components.schemas).sort(([a], [b]) => a.localeCompare(b))
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Onsale: the HTTP API</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Onsale: the HTTP API</h1><p>${marked(INFO.description)}</p>
<p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p></header>
<nav aria-label="Operations">${tags.map(
    tag =>
      html`<h2>${tag}</h2><ul>${operations
        .filter(({ operation }) => operation.tags.includes(tag))
        .map(({ id, method, path }) => html`<li><a href="#${id}"><b>${method}</b> ${path}</a></li>`)}</ul>`,
  )}</nav>
<main>${operations.map(
    ({ id, method, path, operation }) => html`<section id="${id}">
<h2><b class="${method}">${method}</b> <code>${path}</code></h2>
${operationOf(operation)}
</section>`,
  )}
<h2 id="schemas">Schemas</h2>
${schemas.map(
  ([name, schema]) => html`<details id="schema-${name}"><summary><code>${name}</code></summary>
<pre>${json(schema)}</pre></details>`,
)}</main>
</body>
</html>`
}

function operationOf({ summary, description, security, parameters, requestBody, responses }: Operation) {
  const tokens = security.map(one => Object.keys(one)[0] ?? 'none').join(' or ')
  return html`<p><strong>${marked(summary)}</strong></p>
${description === '' ? '' : html`<p>${marked(description)}</p>`}
${tokens === '' ? '' : html`<p>Token: ${tokens}</p>`}
${
  parameters.length === 0
    ? ''
    : html`<table><caption>Parameters</caption>
<tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Meaning</th></tr>
${parameters.map(
  ({ name, in: place, required, description: own, schema: { description: told, ...form } }) =>
    html`<tr><td><code>${name}</code>${required ? ' (required)' : ''}</td><td>${place}</td>
<td>${marked(own ?? told ?? '')} <code>${JSON.stringify(form)}</code></td></tr>`,
)}</table>`
}
${requestBody === undefined ? '' : html`<h3>Body</h3>${contentOf(requestBody.content)}`}
<h3>Answers</h3>
<dl>${Object.entries(responses).map(
    ([status, answer]) => html`<dt>${status}</dt><dd>${marked(answer.description)}
${Number(status) < 400 ? contentOf(answer.content ?? {}) : ''}</dd>`,
  )}</dl>`
}

/** Text with its `code` marked as such. */
function marked(text: string) {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))
}

function contentOf(content: Record<string, unknown>) {
  return Object.entries(content).map(
    ([type, body]) => html`<details><summary>${type}</summary><pre>${json(body)}</pre></details>`,
  )
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 70rem; }
nav ul { list-style: none; padding: 0; columns: 20rem; }
nav h2 { font-size: 1rem; margin: 1rem 0 0; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid var(--line); border-radius: .25rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem .25rem 0; border-bottom: 1px solid var(--line); }
dt { font-weight: 600; }
`
