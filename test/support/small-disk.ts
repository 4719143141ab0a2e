import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk in memory, to be filled. */
export interface SmallDisk {
  readonly path: string
  /** Leaves so many bytes free. */
  fill(roomBytes: number): void
  /** Takes away what filled it. */
  makeRoom(): void
  unmount(): void
}

/** @throws Error where this user may not mount, or there is no tmpfs */
export function mountDisk(mebibytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'contention-test-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'ignore' })
  } catch (error) {
    rmdirSync(path)
    throw error
  }
  const filler = join(path, 'filler')
  return {
    path,
    fill(roomBytes) {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(filler, Buffer.alloc(bavail * bsize - roomBytes))
    },
    makeRoom: () => rmSync(filler),
    unmount() {
      // Files that libsql has closed stay open until its statements are collected.
      execFileSync('umount', ['--lazy', path])
      rmdirSync(path)
    },
  }
}

export function mayMount(): boolean {
  try {
    mountDisk(1).unmount()
    return true
  } catch {
    return false
  }
}
