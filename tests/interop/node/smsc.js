// An SMSC made of the npm `smpp` package: takes any bind, answers submit_sm, sends a receipt on the same session.
// Prints JSON lines: {"event":"listening","port":N}, {"event":"bind",...}, {"event":"submit",...}.
const smpp = require('smpp');
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
let next = 1;

const server = smpp.createServer((session) => {
  session.on('error', (error) => say({ event: 'error', message: String(error) }));
  const bound = (pdu) => {
    say({ event: 'bind', command: pdu.command, system_id: pdu.system_id, password: pdu.password });
    session.send(pdu.response({ system_id: 'npm-smpp' }));
  };
  session.on('bind_transceiver', bound);
  session.on('bind_transmitter', bound);
  session.on('bind_receiver', bound);
  session.on('enquire_link', (pdu) => {
    say({ event: 'enquire_link' });
    session.send(pdu.response());
  });
  session.on('unbind', (pdu) => {
    say({ event: 'unbind' });
    session.send(pdu.response());
    session.close();
  });
  session.on('submit_sm', (pdu) => {
    const id = 'npm-' + next++;
    const message = pdu.short_message.message;
    say({
      event: 'submit', id, source: pdu.source_addr, destination: pdu.destination_addr,
      source_ton: pdu.source_addr_ton, dest_ton: pdu.dest_addr_ton, esm_class: pdu.esm_class,
      data_coding: pdu.data_coding, registered_delivery: pdu.registered_delivery,
      text: Buffer.isBuffer(message) ? message.toString('hex') : message,
      udh: (pdu.short_message.udh || []).map((element) => element.toString('hex')),
    });
    session.send(pdu.response({ message_id: id }));
    session.deliver_sm({
      source_addr: pdu.destination_addr, source_addr_ton: pdu.dest_addr_ton, source_addr_npi: pdu.dest_addr_npi,
      destination_addr: pdu.source_addr, dest_addr_ton: pdu.source_addr_ton, dest_addr_npi: pdu.source_addr_npi,
      esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:`,
      receipted_message_id: id, message_state: 2,
    }, (answer) => say({ event: 'receipt_answered', id, status: answer.command_status }));
  });
});
server.listen(0, '127.0.0.1', function () {
  say({ event: 'listening', port: this.address().port });
});
