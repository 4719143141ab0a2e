import type { Engine } from '../engine.js'
import type { EngineName } from '../names.js'

/** Loads an engine; its package is the user's to install. */
export async function loadEngine(name: EngineName): Promise<Engine> {
  return name === 'graphile' ? (await import('./graphile.js')).graphile() : (await import('./pg-boss.js')).pgBoss()
}
