import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Builds dist/ when a source is newer: the end-to-end tests spawn the built command. */
export default function buildIfStale(): void {
  const built = existsSync('dist/main.js') ? statSync('dist/main.js').mtimeMs : 0
  const newest = Math.max(
    ...['src', 'scenarios', 'bin', 'budgets'].flatMap(modificationTimesMs),
    ...['package.json', 'esbuild.config.mjs'].map((file) => statSync(file).mtimeMs),
  )
  if (newest > built) execFileSync('npm', ['run', 'build'], { stdio: 'inherit' })
}

function modificationTimesMs(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)).mtimeMs)
}
