// What ARPAbet symbols sound like: the pronunciation in IPA, and a table of the symbols.

lab.pronunciation = (() => {
  const LANGUAGE = "en-x-arpabet";
  /** Symbol → IPA and the word that the CMU Pronouncing Dictionary gives as its example. */
  const SOUNDS = {
    AA: ["ɑ", "odd"], AE: ["æ", "at"], AH: ["ʌ", "hut"], AO: ["ɔ", "ought"], AW: ["aʊ", "cow"], AY: ["aɪ", "hide"],
    EH: ["ɛ", "Ed"], ER: ["ɝ", "hurt"], EY: ["eɪ", "ate"], IH: ["ɪ", "it"], IY: ["i", "eat"], OW: ["oʊ", "oat"],
    OY: ["ɔɪ", "toy"], UH: ["ʊ", "hood"], UW: ["u", "two"], B: ["b", "be"], CH: ["tʃ", "cheese"], D: ["d", "dee"],
    DH: ["ð", "thee"], F: ["f", "fee"], G: ["ɡ", "green"], HH: ["h", "he"], JH: ["dʒ", "gee"], K: ["k", "key"],
    L: ["l", "lee"], M: ["m", "me"], N: ["n", "knee"], NG: ["ŋ", "ping"], P: ["p", "pee"], R: ["ɹ", "read"],
    S: ["s", "sea"], SH: ["ʃ", "she"], T: ["t", "tea"], TH: ["θ", "theta"], V: ["v", "vee"], W: ["w", "we"],
    Y: ["j", "yield"], Z: ["z", "zee"], ZH: ["ʒ", "seizure"],
  };
  /** Vowels that sound otherwise without stress. */
  const UNSTRESSED = { AH: ["ə", "about"], ER: ["ɚ", "water"] };
  const MARKS = { 1: "ˈ", 2: "ˌ" };
  /** Groups of consonants that an English syllable can begin with. */
  const ONSETS = new Set(("P L,P R,P Y,B L,B R,B Y,T R,T W,D R,D W,K L,K R,K W,K Y,G L,G R,G W,F L,F R,F Y,V Y,TH R,TH W,SH R,HH Y,"
    + "M Y,N Y,S P,S T,S K,S F,S M,S N,S L,S W,S P L,S P R,S P Y,S T R,S K L,S K R,S K W,S K Y").split(","));

  const read = (text) => text.split(/\s+/).filter(Boolean).map((symbol) => {
    const [, name, stress] = /^([A-Z]+)([012])?$/.exec(symbol) ?? [null, symbol];
    return { name, stress };
  });

  const canBegin = (names) => names.length === 0 || (names.length === 1 ? names[0] !== "NG" : ONSETS.has(names.join(" ")));

  /** Where the syllable of the vowel at `index` begins: with as many consonants as one can begin with. */
  const syllableStart = (sounds, index) => {
    let start = index;
    while (start > 0 && !sounds[start - 1].stress) start -= 1;
    if (start === 0) return 0;
    while (!canBegin(sounds.slice(start, index).map(({ name }) => name))) start += 1;
    return start;
  };

  /** Write ARPAbet in IPA; a stress mark stands before its syllable, none in a word of one. */
  const ipa = (text) => {
    const sounds = read(text);
    const marks = sounds.map(() => "");
    if (sounds.filter(({ stress }) => stress).length > 1) {
      sounds.forEach(({ stress }, index) => { if (MARKS[stress]) marks[syllableStart(sounds, index)] = MARKS[stress]; });
    }
    return sounds.map(({ name, stress }, index) =>
      marks[index] + ((stress === "0" && UNSTRESSED[name]) || SOUNDS[name] || [name])[0]).join("");
  };

  const legend = (text, t) => {
    const used = new Set(read(text).map(({ name, stress }) => (stress === "0" && UNSTRESSED[name] ? `${name}0` : name)));
    const entry = ([symbol, [sound, word]]) => lab.el("li", { class: used.has(symbol) ? "used" : null }, [
      lab.el("b", { text: symbol }), lab.el("span", { text: `/${sound}/`, lang: "en-fonipa" }), lab.el("i", { text: word, lang: "en" })]);
    const entries = Object.entries(SOUNDS).flatMap(([name, sound]) =>
      (UNSTRESSED[name] ? [[name, sound], [`${name}0`, UNSTRESSED[name]]] : [[name, sound]]));
    return lab.el("details", { class: "s2s-symbols" }, [lab.el("summary", { text: t("arpabet.legend") }),
      lab.el("p", { class: "s2s-hint", text: t("arpabet.note") }), lab.el("ul", {}, entries.map(entry))]);
  };

  /** What stands below an output in ARPAbet, without the table where `brief`; null for other languages and empty outputs. */
  const below = ({ text, language, t, brief }) => {
    if (!below.isOf(language) || !text.trim()) return null;
    return lab.el("div", { class: "s2s-pronunciation" }, [
      lab.el("p", { class: "s2s-ipa", lang: "en-fonipa", text: `/${ipa(text)}/`, "data-tip": t("arpabet.ipa"), tabindex: 0 }),
      brief ? null : legend(text, t)]);
  };

  below.isOf = (language) => language === LANGUAGE;
  return below;
})();
