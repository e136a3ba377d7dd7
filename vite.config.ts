/** How the pages are built and, while one works on them, served: `vite` proxies the API to a running Onsale. */
import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

const server = process.env['ONSALE_SERVER'] ?? 'http://localhost:3000'
const API = ['/config.json', '/sessions', '/events', '/venues', '/bookings', '/admin', '/healthz', '/readyz']

export default defineConfig({
  root: 'web',
  plugins: [preact()],
  build: {
    outDir: process.env['WEB_DIST'] ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // A fan behind a slow network waits for every byte; the socket's own code is no reason for a map file.
    sourcemap: false,
  },
  server: {
    port: 5173,
    // A room of ours may be named like a path of the API: its sources are not the server's.
    proxy: Object.fromEntries(
      API.map(path => [
        path,
        {
          target: server,
          bypass: request => (/\.(tsx?|css)($|\?)/.test(request.url ?? '') ? request.url : undefined),
        },
      ]),
    ),
  },
})
