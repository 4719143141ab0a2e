import { readFileSync } from 'node:fs'
import { platform } from 'node:os'

/** Neither ended nor a zombie that nobody has buried yet. Somebody else's process is one all the same. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  if (platform() !== 'linux') return true
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in brackets may hold anything; the state comes after it.
    return /^[^ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
