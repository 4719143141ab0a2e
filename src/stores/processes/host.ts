import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, networkInterfaces, platform } from 'node:os'

let known: string | undefined

/**
 * Names the processes among which the number of one means something: those of one machine since it was started and, where
 * there are containers, of one container. Others may have the same host name, and other processes under the same numbers.
 */
export function hostKey(): string {
  known ??= createHash('sha256').update(`${hostname()}\n${particulars()}`).digest('hex').slice(0, 12)
  return known
}

function particulars(): string {
  if (platform() !== 'linux') {
    const addresses = Object.values(networkInterfaces()).flatMap((its) => (its ?? []).map(({ mac }) => mac))
    return [...new Set(addresses)].sort().join()
  }
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    // Not to be told from others: then nobody may go by the numbers of our processes.
    return randomUUID()
  }
}
