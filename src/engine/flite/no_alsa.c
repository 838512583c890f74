/* Stands in for libflite's ALSA driver, so that the program does not need libasound. libflite's
 * audio.o names these functions; nothing here plays sound, so none is ever called. */

void *audio_open_alsa(unsigned int rate, int channels, int format) {
    (void)rate; (void)channels; (void)format;
    return 0;
}
int audio_close_alsa(void *device) { (void)device; return -1; }
int audio_set_sample_rate_alsa(void *device, unsigned int rate) { (void)device; (void)rate; return -1; }
int audio_write_alsa(void *device, void *buffer, int bytes) { (void)device; (void)buffer; (void)bytes; return -1; }
int audio_flush_alsa(void *device) { (void)device; return -1; }
int audio_drain_alsa(void *device) { (void)device; return -1; }
