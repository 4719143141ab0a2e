import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openStore } from '../../src/stores/index.js'
import { describeStore } from './behaviour.js'

const folder = mkdtempSync(join(tmpdir(), 'contention-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'shared')])
const opened = async (spec: string) => {
  const store = await openStore(spec)
  if (store === undefined) throw new Error(`${spec} is no store`)
  return store
}

describeStore('git', () => opened(`git=${join(folder, 'shared')}`))
