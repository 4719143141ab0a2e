import { rmSync } from 'node:fs'
import { abandonedFolders, makeTemporaryFolder } from '../processes/folders.js'
import { processesNamed, signal } from '../processes/processes.js'

const KIND = 'redis'

export const makeFolder = (): string => makeTemporaryFolder(KIND)

/** Ends the servers, and removes the folders, of processes that were killed before they could do so themselves. */
export function clearLeftovers(): void {
  for (const folder of abandonedFolders(KIND)) {
    for (const pid of serversIn(folder)) signal(pid, 'SIGKILL')
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    } catch {
      // Its server is still at its end, or another process clears it at this very moment.
    }
  }
}

/**
 * By their command lines, which name the file of settings in the folder. A note of its process would be written only after
 * the server was started: who is killed in between would leave a server for ever, and its password.
 */
export const serversIn = (folder: string): readonly number[] =>
  processesNamed(`redis-server ${folder}`).map(({ pid }) => pid)
