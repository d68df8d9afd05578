// libdatachannel as the foreign end of a data channel: node rtc_node_peer.mjs FOLDER offer|answer BYTES.
// Descriptions go over stdin and stdout as JSON lines; every message is sent back.
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const [folder, kind, bytes] = process.argv.slice(2);
const rtc = createRequire(`${folder}/`)('node-datachannel');
const say = (map) => console.log(JSON.stringify(map));
const peer = new rtc.PeerConnection('theirs', {iceServers: [], maxMessageSize: 4 << 20});

function take(channel) {
  channel.onOpen(() => {
    say({open: channel.getLabel()});
    if (kind === 'offer') channel.sendMessageBinary(Buffer.alloc(Number(bytes), 7));
  });
  channel.onMessage((message) => {
    say({message: message.length, text: typeof message === 'string'});
    if (kind === 'answer') channel.sendMessageBinary(message);
  });
  channel.onClosed(() => say({closed: channel.getLabel()}));
}

peer.onDataChannel(take);
peer.onGatheringStateChange((state) => {
  if (state === 'complete') say(peer.localDescription());
});
createInterface({input: process.stdin}).on('line', (line) => {
  const {type, sdp} = JSON.parse(line);
  peer.setRemoteDescription(sdp, type);
}).on('close', () => {
  peer.close();
  rtc.cleanup();
  process.exit(0);
});
if (kind === 'offer') take(peer.createDataChannel('frames'));
