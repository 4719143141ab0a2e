import { createConnection, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Strays } from '../../src/fabric/strays.js'
import { endsOf } from '../../src/fabric/witness.js'
import { groupOf, parseLsof, parseProcNet, socketsOfProcess } from '../../src/stores/processes/sockets.js'

describe('the connections of a process', () => {
  it('are seen by the operating system, and so is that they have gone', async () => {
    const server = createServer((socket) => socket.resume())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const seen = () => socketsOfProcess(process.pid).filter((socket) => socket.port === port)
    // A socket that listens is connected to nobody.
    expect(seen()).toEqual([])
    const socket = await new Promise<Socket>((resolve) => {
      const made: Socket = createConnection(port, '127.0.0.1', () => resolve(made))
    })
    expect(seen()).toEqual([expect.objectContaining({ pid: process.pid, address: '127.0.0.1', port })])
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    expect(seen()).toEqual([])
  })

  it('are read from /proc/net, of IPv4, IPv6 and IPv4 within IPv6', () => {
    const line = (remote: string, inode: number) =>
      `   0: 0100007F:9C40 ${remote} 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000 20`
    const text = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      line('0100007F:1538', 11),
      line('00000000:0000', 12),
      line('0000000000000000FFFF00000100007F:1538', 13),
      line('00000000000000000000000001000000:18EB', 14),
      line('B80D01200000000000000000020000FE:0050', 15),
      '',
    ].join('\n')
    const owners = new Map(['11', '12', '13', '14', '15'].map((inode) => [inode, [70]]))
    expect(parseProcNet(text, owners)).toEqual([
      { pid: 70, id: '11', address: '127.0.0.1', port: 5_432 },
      { pid: 70, id: '13', address: '127.0.0.1', port: 5_432 },
      { pid: 70, id: '14', address: '::1', port: 6_379 },
      { pid: 70, id: '15', address: '2001:db8::fe00:2', port: 80 },
    ])
    // One that is shared is of each; what nobody asked about, of nobody.
    expect(parseProcNet(text, new Map([['11', [70, 71]]])).map(({ pid }) => pid)).toEqual([70, 71])
  })

  it('are read from lsof, those of a group under its leader', () => {
    const text = [
      'p70',
      'g70',
      'f21',
      'n127.0.0.1:5000->127.0.0.1:5432',
      'f22',
      'n*:80',
      'p71',
      'g70',
      'f3',
      'n[::1]:5001->[::1]:6379',
      '',
    ].join('\n')
    expect(parseLsof(text, new Set([70]))).toEqual([
      { pid: 70, id: '70/21', address: '127.0.0.1', port: 5_432 },
      { pid: 70, id: '71/3', address: '::1', port: 6_379 },
    ])
  })

  it('are of a group, whatever a command is called', () => {
    expect(groupOf('70 (a) b (c) S 1 69 69 0 -1')).toBe(69)
  })

  it('lead where a DSN says, over TCP or not', () => {
    expect(endsOf('postgres://me@127.0.0.1:6543/mine')).toEqual({ hosts: ['127.0.0.1'], port: 6_543 })
    expect(endsOf('postgres://me@[::1]/mine')).toEqual({ hosts: ['::1'], port: 5_432 })
    expect(endsOf('postgres://me@127.0.0.1/mine?host=a&host=b&port=1')).toEqual({ hosts: ['b'], port: 1 })
    expect(endsOf('postgres:///mine?host=/run/pg')).toEqual({ hosts: [], port: 5_432 })
    expect(endsOf('postgres://me@%2Frun%2Fpg/mine')).toEqual({ hosts: [], port: 5_432 })
  })
})

describe('connections that are no sessions', () => {
  const everyHalfSecond = (looks: readonly { readonly open: readonly string[]; readonly sessions: number }[]) => {
    const strays = new Strays()
    for (const [index, look] of looks.entries()) strays.look([look], 500 * index)
    return strays.count
  }
  const times = <Value>(count: number, value: Value) => Array.from({ length: count }, () => value)

  it('are those that stay more than there are sessions, also when they have gone', () => {
    const more = { open: ['1 a', '1 b'], sessions: 1 }
    expect(everyHalfSecond(times(2, more))).toBe(0)
    expect(everyHalfSecond(times(3, more))).toBe(2)
    expect(everyHalfSecond([...times(3, more), { open: ['1 a'], sessions: 1 }])).toBe(1)
    expect(everyHalfSecond([...times(3, more), { open: ['1 a'], sessions: 0 }])).toBe(2)
  })

  it('are not those of a machine so busy that it takes seconds until each is one', () => {
    const slow = { open: ['1 a', '1 b', '1 c'], sessions: 1 }
    expect(everyHalfSecond([...times(8, slow), { ...slow, sessions: 3 }])).toBe(0)
    expect(everyHalfSecond([...times(8, slow), { ...slow, sessions: 3 }, ...times(3, slow)])).toBe(3)
  })
})
