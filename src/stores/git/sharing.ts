/** What `core.sharedRepository` does to the modes of files and folders: bits that are added to them, or that take their place. */
export interface Sharing {
  readonly kind: 'added' | 'instead'
  readonly bits: number
}

const GROUP: Sharing = { kind: 'added', bits: 0o660 }
const EVERYBODY: Sharing = { kind: 'added', bits: 0o664 }

/** What git takes a value of `core.sharedRepository` for. Undefined where the umask alone counts. */
export function sharingOf(value: string): Sharing | undefined {
  if (/^(group|true|yes|on|0*1)$/i.test(value)) return GROUP
  if (/^(all|world|everybody|0*2)$/i.test(value)) return EVERYBODY
  const bits = /^[0-7]+$/.test(value) ? Number.parseInt(value, 8) & 0o666 : 0
  return bits === 0 ? undefined : { kind: 'instead', bits }
}

/** The mode of a file that was made with `mode`. As git has it: what its owner may not write, nobody may. */
export function sharedFileMode(mode: number, { kind, bits }: Sharing): number {
  const allowed = (mode & 0o200) === 0 ? bits & ~0o222 : bits
  return kind === 'added' ? mode | allowed : allowed
}

/** The mode of a folder. Who may read it may enter it; and what the group may use, what is made in it belongs to the group. */
export function sharedFolderMode(mode: number, sharing: Sharing): number {
  const shared = sharedFileMode(mode, sharing)
  const entered = shared | ((shared & 0o444) >> 2)
  return (entered & 0o060) === 0 ? entered : entered | 0o2000
}
