import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../src/stores/processes/temporary-folder.js'

describe('the folder of a store that goes with its process', () => {
  let place: string
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'temporary-'))
    vi.stubEnv('TMPDIR', place)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(place, { recursive: true, force: true })
  })

  it('is one for each opening, and stays while its process runs', () => {
    const folders = [temporaryFolder('git'), temporaryFolder('git'), temporaryFolder('sqlite')].map((path) =>
      basename(path),
    )
    expect(readdirSync(place).sort()).toEqual([...folders].sort())
    expect(folders[0]).toMatch(new RegExp(`^contention-git-[0-9a-f]{12}-${process.pid}-`))
  })

  it('is removed by the next one when its process was killed, and nothing else is', () => {
    const { pid: dead } = spawnSync(process.execPath, ['-e', ''])
    const prefix = basename(temporaryFolder('git')).replace(/-\d+-\w+$/, '')
    const others = [
      `${prefix}-${process.pid}-abcdef`,
      `${prefix}-${dead}-abcdef-mine`,
      `contention-git-${dead}-abcdef`,
      `contention-git-000000000000-${dead}-abcdef`,
      `contention-sqlite-${prefix.split('-').at(-1)}-${dead}-abcdef`,
    ]
    for (const name of [`${prefix}-${dead}-abcdef`, ...others]) mkdirSync(join(place, name))
    const own = basename(temporaryFolder('git'))
    expect(readdirSync(place)).toEqual(expect.arrayContaining([...others, own]))
    expect(readdirSync(place)).not.toContain(`${prefix}-${dead}-abcdef`)
  })
})
