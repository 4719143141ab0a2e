import { rmSync } from 'node:fs'
import { abandonedFolders, makeTemporaryFolder } from './folders.js'

/** A folder for a store that goes with this process. Those of processes that were killed before they could remove theirs go now. */
export function temporaryFolder(kind: string): string {
  for (const folder of abandonedFolders(kind)) rmSync(folder, { recursive: true, force: true })
  return makeTemporaryFolder(kind)
}
