package attachment

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func TestPictureThatIsCutOff(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i * i)
	}
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, picture); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, picture, nil); err != nil {
		t.Fatal(err)
	}
	// A small picture within, as cameras put one there.
	thumbnail := []byte{0xFF, 0xE1, 0, 8, 0xFF, 0xDA, 1, 1, 0xFF, 0xD9}
	nested := append(append([]byte{0xFF, 0xD8}, thumbnail...), asJPEG.Bytes()[2:]...)
	for kind, data := range map[string][]byte{
		"image/png":  asPNG.Bytes(),
		"image/jpeg": nested,
		"image/webp": []byte("RIFF\x0c\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"),
	} {
		whole := File{Kind: kind, Data: data}
		if err := whole.CheckImage(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		trailed := File{Kind: kind, Data: append(bytes.Clone(data), "more"...)}
		if err := trailed.CheckImage(); err != nil {
			t.Errorf("%s with something after it: %v", kind, err)
		}
		cut := File{Kind: kind, Data: data[:len(data)*9/10]}
		if err := cut.CheckImage(); err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%s that is cut off: %v", kind, err)
		}
	}
}
