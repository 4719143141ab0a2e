import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { platform } from 'node:os'
import { textOf } from './processes.js'

/** A TCP connection of a process, by its far end. */
export interface Socket {
  readonly pid: number
  /** Tells it from all others for as long as it is there. */
  readonly id: string
  readonly address: string
  readonly port: number
}

/** How the operating system is asked. */
export const socketSource = platform() === 'linux' ? 'procfs' : 'lsof'

/**
 * The TCP connections of these processes and of all in their process groups, as the operating system knows them; and those of
 * processes `alone`, whatever they have started.
 */
export function socketsOf(leaders: readonly number[], alone: readonly number[] = []): readonly Socket[] {
  if (socketSource === 'lsof') return [...ofGroups(leaders), ...alone.flatMap(ofProcess)]
  return inProcfs([...groupMembers(new Set(leaders)), ...alone.map((pid) => ({ pid, leader: pid }))])
}

/** Those of one process alone, whatever it has started. */
export const socketsOfProcess = (pid: number): readonly Socket[] => socketsOf([], [pid])

/** The tables are of all processes together: to read them takes milliseconds, so that it is done once for all of these. */
function inProcfs(members: readonly Member[]): readonly Socket[] {
  const owners = new Map<string, Set<number>>()
  for (const { pid, leader } of members) {
    for (const inode of inodesOf(pid)) owners.set(inode, (owners.get(inode) ?? new Set()).add(leader))
  }
  return ['tcp', 'tcp6'].flatMap((name) => parseProcNet(textOf(`/proc/net/${name}`), owners))
}

interface Member {
  readonly pid: number
  /** Of its process group. */
  readonly leader: number
}

/** The processes of groups, by their leaders, who may have ended already. */
function groupMembers(leaders: ReadonlySet<number>): readonly Member[] {
  if (leaders.size === 0) return []
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const leader = groupOf(textOf(`/proc/${name}/stat`))
    if (leaders.has(leader)) return [{ pid: Number(name), leader }]
    return leaders.has(Number(name)) ? [{ pid: Number(name), leader: Number(name) }] : []
  })
}

/** A command may hold spaces and brackets: what follows the last of them are state, parent and group. */
export const groupOf = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] ?? Number.NaN)

function inodesOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap((name) => /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1] ?? [])
  } catch {
    return []
  }
}

/** The connections in a table of /proc/net that have an owner, without sockets that only listen. */
export function parseProcNet(text: string, owners: ReadonlyMap<string, Iterable<number>>): readonly Socket[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const leaders = owners.get(fields[9] ?? '')
    const [address = '', port = ''] = (fields[2] ?? '').split(':')
    if (leaders === undefined || /^0+$/.test(port)) return []
    const far = { id: fields[9] as string, address: addressOf(address), port: Number.parseInt(port, 16) }
    return [...leaders].map((pid) => ({ pid, ...far }))
  })
}

/** Words of four bytes, each with its lowest first. IPv4 within IPv6 is told as IPv4. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff
  if (bytes.length === 4 || mapped) return bytes.slice(-4).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0))
  return canonicalAddress(groups.map((group) => group.toString(16)).join(':'))
}

/** IPv6 as everybody writes it, shortened in the same place. */
const canonicalAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address

const ofGroups = (leaders: readonly number[]): readonly Socket[] =>
  leaders.length === 0 ? [] : askLsof(['-g', leaders.join(',')], new Set(leaders))

const ofProcess = (pid: number): readonly Socket[] => askLsof(['-p', String(pid)], new Set())

function askLsof(which: readonly string[], leaders: ReadonlySet<number>): readonly Socket[] {
  const { stdout } = spawnSync('lsof', ['-a', '-n', '-P', '-i', 'TCP', ...which, '-F', 'pgfn'], { encoding: 'utf8' })
  return parseLsof(stdout ?? '', leaders)
}

/** What `lsof -F pgfn` prints: a line a field, of a process and then of each of its files. */
export function parseLsof(text: string, leaders: ReadonlySet<number>): readonly Socket[] {
  const sockets: Socket[] = []
  let [pid, group, file] = [0, 0, '']
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) pid = Number(value)
    if (line.startsWith('g')) group = Number(value)
    if (line.startsWith('f')) file = value
    const [, bare, bracketed, port] = /^n.*->(?:([^[\]]+)|\[(.+)\]):(\d+)$/.exec(line) ?? []
    const address = bare ?? bracketed
    if (address === undefined || port === undefined) continue
    const leader = leaders.has(group) ? group : pid
    sockets.push({ pid: leader, id: `${pid}/${file}`, address: canonicalAddress(address), port: Number(port) })
  }
  return sockets
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
