/** Three rising tones. Loaded by those who switch the sound on. */

const PITCHES = [660, 880, 990];

/** @param {AudioContext} audio made by a click: a browser plays nothing that nobody asked for */
export function chime(audio) {
  for (const [index, pitch] of PITCHES.entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    volume.gain.value = 0.15;
    tone.frequency.value = pitch;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + index * 0.22);
    tone.stop(audio.currentTime + index * 0.22 + 0.18);
  }
}
