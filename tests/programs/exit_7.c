// Ends with 7.
// allowed: RE
int main(void) { return 7; }
