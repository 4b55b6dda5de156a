/** One bare WebSocket: the bytes that arrive, untouched, and the bytes that a test sends. */
import WebSocket from 'ws'

export class RawSocket {
  constructor ({ url, headers = {} }, changed) {
    this.frames = []
    this.close = null
    this.refused = null
    this.status = 'connecting'
    this.socket = new WebSocket(url, { headers, perMessageDeflate: false })
    this.socket.on('open', () => { this.status = 'connected'; changed() })
    this.socket.on('unexpected-response', (_request, response) => {
      this.refused = response.statusCode
      this.status = 'disconnected'
      response.destroy()
      changed()
    })
    this.socket.on('error', (error) => { this.error = error.message; changed() })
    this.socket.on('message', (data) => { this.frames.push(data.toString('base64')); changed() })
    this.socket.on('close', (code, reason) => {
      this.status = 'disconnected'
      this.close = { code, reason: reason.toString() }
      changed()
    })
  }

  send (base64) {
    this.socket.send(Buffer.from(base64, 'base64'))
  }

  look ([name, ...rest]) {
    let at = { ...this.summary(), frames: this.frames }[name]
    for (const key of rest) at = at?.[key]
    return at
  }

  summary () {
    const { status, refused, close, error } = this
    return { status, refused, close, error, received: this.frames.length }
  }

  destroy () {
    this.socket.terminate()
  }
}
