// An ESME made of the npm `smpp` package. See ../esmes/_common.py for what it does and prints.
const smpp = require('smpp');
const config = JSON.parse(process.argv[2]);
const PATIENCE_MS = 20000;
const say = (event, fields) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');
const DESTINATIONS = {
  short: '306900000001', udh: '306900000002', payload: '306900000003', unicode: '306900000004', binary: '306900000005',
};
const SHORT = 'Hello: 5€ [ok] @home';
const GREEK = 'Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα. '.repeat(3);
const PAYLOAD = 'A text of four hundred characters goes in its own parameter. '.repeat(7);
const UNICODE = '📦🎉👩‍👩‍👧 για σένα';
const ids = new Set();
const seen = new Set();
const failed = (what) => { say('error', { what: String(what) }); process.exit(1); };

function utf16be(text) {
  return Buffer.from(text, 'utf16le').swap16();
}

function* submits() {
  yield ['short', { short_message: SHORT, data_coding: 0 }];
  const octets = utf16be(GREEK);
  const total = Math.ceil(octets.length / 134);
  for (let number = 1; number <= total; number++) {
    const header = Buffer.from([5, 0, 3, 21, total, number]);
    yield ['udh', {
      esm_class: 0x40, data_coding: 8, short_message: Buffer.concat([header, octets.subarray((number - 1) * 134, number * 134)]),
    }];
  }
  yield ['payload', { message_payload: PAYLOAD, data_coding: 0 }];
  yield ['unicode', { short_message: UNICODE, data_coding: 8 }];
  yield ['binary', { short_message: Buffer.from('00ff1b40800a', 'hex'), data_coding: 4 }];
}

function bind(mode) {
  return new Promise((resolve) => {
    const session = smpp.connect({ url: `smpp://${config.host}:${config.port}` }, () => {
      session['bind_' + mode]({ system_id: config.system_id, password: config.password, interface_version: 0x34 }, (answer) => {
        if (answer.command_status !== 0) failed('bind refused: ' + answer.command_status);
        say('bound', { mode, sc_interface_version: answer.sc_interface_version });
        resolve(session);
      });
    });
    session.on('error', failed);
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('deliver_sm', (pdu) => {
      const text = pdu.short_message.message;
      const found = /^id:(\S*) .*stat:(\S*) /.exec(text) || [];
      seen.add(found[1]);
      say('receipt', { id: found[1], stat: found[2], tlv_id: pdu.receipted_message_id, state: pdu.message_state });
      session.send(pdu.response());
    });
  });
}

const ask = (session, command, fields) => new Promise((resolve) => session[command](fields, resolve));

(async () => {
  setTimeout(() => failed(`${ids.size} answered, ${seen.size} receipts after ${PATIENCE_MS} ms`), PATIENCE_MS).unref();
  const binds = [];
  for (const mode of config.mode === 'pair' ? ['transmitter', 'receiver'] : ['transceiver']) binds.push(await bind(mode));
  await Promise.all([...submits()].map(async ([name, fields]) => {
    const answer = await ask(binds[0], 'submit_sm', {
      source_addr: 'Shop', source_addr_ton: 5, destination_addr: DESTINATIONS[name], dest_addr_ton: 1, dest_addr_npi: 1,
      registered_delivery: 1, ...fields,
    });
    if (answer.command_status !== 0) failed(`${name} refused: ${answer.command_status}`);
    ids.add(answer.message_id);
    say('answered', { name, id: answer.message_id });
  }));
  while (![...ids].every((id) => seen.has(id))) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const session of binds) {
    if ((await ask(session, 'enquire_link', {})).command_status === 0) say('link_probed');
    if ((await ask(session, 'unbind', {})).command_status === 0) say('unbound');
    await new Promise((resolve) => session.close(resolve));
  }
  process.exit(0);
})().catch(failed);
