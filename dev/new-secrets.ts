/** Fresh secrets. Of Node alone, so that they can be made where nothing is installed yet. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'

export interface Secrets {
  ADMIN_TOKEN: string
  ONSALE_SECRET: string
  PASS_PRIVATE_KEY: string
  STRIPE_WEBHOOK_SECRET: string
}

/** 32 random bytes each, the pass key an Ed25519 key as base64 of its PKCS8 DER. */
export function makeSecrets(): Secrets {
  const { privateKey } = generateKeyPairSync('ed25519')
  return {
    ADMIN_TOKEN: randomSecret(),
    ONSALE_SECRET: randomSecret(),
    PASS_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    STRIPE_WEBHOOK_SECRET: `whsec_${randomSecret()}`,
  }
}

/** Of letters, digits, - and _ alone: it may stand in a URL and in any kind of environment file as it is. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}
