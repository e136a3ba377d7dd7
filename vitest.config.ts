/** How tests run: their suffix says what they need (see CONTRIBUTING.md), and three run at a time, as most of them wait. */
import { defineConfig } from 'vitest/config'
import TestReport from './dev/test-report.ts'

const NEVER = ['**/node_modules/**', '.onsale/**', 'web/dist/**']

export default defineConfig({
  test: {
    maxWorkers: 3,
    reporters: ['default', new TestReport({ file: process.env['ONSALE_TEST_REPORT'] })],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['**/*.test.ts', '.ci/**/*.test.ts', 'web/**/*.test.tsx'],
          exclude: [...NEVER, '**/*.e2e.test.ts'],
          globalSetup: './dev/test-system.ts',
          testTimeout: 40_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['**/*.e2e.test.ts'],
          exclude: NEVER,
          globalSetup: './dev/test-system.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Each starts a whole system and measures seconds: one at a time, after the others.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
