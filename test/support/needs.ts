import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { describe } from 'vitest'

/** Whether `program` is in PATH. */
export function isInPath(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether npm has installed `name`. */
export function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

/** Whether this Node has `name`, of its own or by npm. */
export async function isLoaded(name: string): Promise<boolean> {
  try {
    await import(/* @vite-ignore */ name)
    return true
  } catch {
    return false
  }
}

/** `describe`, unless what it needs is missing: then skipped with the reason in its name, or, where `CI` is set, a failure. */
export function describeWith(needed: string, there: boolean): typeof describe | typeof describe.skip {
  if (there) return describe
  if (process.env['CI']) throw new Error(`these tests need ${needed}: a CI that lacks it tests nothing here`)
  return skipped(needed)
}

/** The same for a right, which no CI can install: where it is not given, tests are skipped, and say so. */
export function describeAllowed(right: string, given: boolean): typeof describe | typeof describe.skip {
  if (given) return describe
  console.warn(`skipped: tests that need the right ${right}`)
  return skipped(`the right ${right}`)
}

const skipped = (needed: string) =>
  ((name: string, factory: () => void) =>
    describe.skip(`${name} (skipped: needs ${needed})`, factory)) as typeof describe.skip
