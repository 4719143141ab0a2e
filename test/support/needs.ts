import { execFileSync } from 'node:child_process'
import { describe } from 'vitest'

/** Whether `program` is in PATH. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** `describe`, unless what it needs is missing: then skipped with the reason in its name, or, where `CI` is set, a failure. */
export function describeWith(needed: string, there: boolean): typeof describe | typeof describe.skip {
  if (there) return describe
  if (process.env['CI']) throw new Error(`these tests need ${needed}: a CI that lacks it tests nothing here`)
  return ((name: string, factory: () => void) =>
    describe.skip(`${name} (skipped: needs ${needed})`, factory)) as typeof describe.skip
}
