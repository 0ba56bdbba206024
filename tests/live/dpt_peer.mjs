// A discv4 peer of @ethereumjs/devp2p at an address of loopback, until its input ends.
//
//   dpt_peer.mjs SECRET_HEX IP PORT [BOOT_IP:PORT]...
//
// Prints JSON, a line each: {"id": …} once it listens; then {"known": [id, …]} whenever that changes. An id is the
// public key, 128 hex digits.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto // which node 18 has not
const { DPT } = await import('@ethereumjs/devp2p')

const [secret, address, port, ...boot] = process.argv.slice(2)
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
// It takes peers at one address and TCP port for one, so each has a TCP port of its own.
const at = (ip, udp) => ({ address: ip, udpPort: Number(udp), tcpPort: Number(udp) })

const dpt = new DPT(Buffer.from(secret, 'hex'), {
  endpoint: at(address, port),
  refreshInterval: 1000,
})
const own = hex(dpt.id)
const sayKnown = () => say({ known: dpt.getPeers().map((peer) => hex(peer.id)).filter((id) => id !== own) })

dpt.events.on('listening', () => {
  say({ id: own })
  for (const each of boot) dpt.bootstrap(at(...each.split(':')))
})
dpt.events.on('peer:added', sayKnown)
dpt.events.on('peer:removed', sayKnown)
// Packets that it does not read (ENRRequest), and peers that do not answer.
dpt.events.on('error', (error) => say({ error: error.message }))
dpt.bind(Number(port), address)
process.stdin.on('end', () => process.exit()).resume()
