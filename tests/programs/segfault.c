// Follows a null pointer.
// allowed: SG
// never: the signal is lost
int main(void) {
  volatile int* nowhere = 0;
  *nowhere = 1;
  return 0;
}
