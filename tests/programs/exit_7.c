// Ends with 7.
// allowed: RE
// never: the code is lost
int main(void) { return 7; }
